/**
 * What a test's desktop shows: shell text for a login's `~/.xsession`. Each says by `~/.shown` that its windows are up. None
 * shows a clock or blinks, so the same desktop gives the same picture.
 */

const opening = `#!/bin/sh
exec > "$HOME/.session.log" 2>&1
export LANG=C.UTF-8 LC_ALL=C.UTF-8 PS1='$ '
xset s off
xsetroot -solid '#204060' -cursor_name left_ptr
openbox &
`;

const look = "-fa 'DejaVu Sans Mono' -fd 'Noto Sans Mono CJK SC' -fs 11 +sb -bg white -fg black -geometry 80x24+40+40";

/** An xterm that pastes the clipboard by Shift+Insert and runs a command, without single quotes, once its window is mapped. */
function xterm(command: string): string {
  const ways = "-xrm 'XTerm*selectToClipboard: true' -xrm 'XTerm*waitForMap: true'";
  return `exec xterm ${ways} ${look} -e sh -c 'touch "$HOME/.shown"; ${command}'\n`;
}

/** A shell in a white terminal of 80×24 on dark blue. */
export const terminal = opening + xterm("exec bash --norc --noprofile");

/** A terminal whose typed lines land in `~/typed`. */
export const typing = opening + xterm('exec cat > "$HOME/typed"');

/** Four still quarters: red, green over blue, white. Nothing else on the screen. */
export const quarters = `${opening}
set -- $(xwininfo -root | sed -n 's/^ *Width: *//p; s/^ *Height: *//p')
convert xc:'#ff0000' xc:'#00ff00' +append '(' xc:'#0000ff' xc:'#ffffff' +append ')' -append -sample "$1x$2!" "$HOME/quarters.png"
display -window root "$HOME/quarters.png"
touch "$HOME/.shown"
exec sleep infinity
`;

/** The whole screen takes the next of sixteen colours every so often. */
export function flashing(everyMs: number): string {
  const colours = Array.from(
    { length: 16 },
    (_, at) => `#${(at * 16).toString(16).padStart(2, "0")}40${(255 - at * 16).toString(16)}`,
  );
  return `${opening}touch "$HOME/.shown"
while :; do for colour in ${colours.map((each) => `'${each}'`).join(" ")}; do xsetroot -solid "$colour"; sleep ${everyMs / 1000}; done; done
`;
}

/** Without end: a numbered line every so often, in three colours and in Chinese. */
function lines(everyMs: number): string {
  return `n=0; while :; do n=$((n+1)); printf "\\033[3$((n%3+1))m%06d 网关记录 the quick brown fox jumps over the lazy dog\\n" $n; sleep ${everyMs / 1000}; done`;
}

/** A terminal that prints a numbered line every so often. */
export function printing(everyMs: number): string {
  return opening + xterm(lines(everyMs));
}

/** The scripted desktop for measuring: lines printed in a terminal, and beside it pictures full of detail, one after the other. */
export function working(lineMs: number, pictureMs: number): string {
  const pictures = `for n in 1 2 3 4 5 6; do convert -size 320x240 -seed $n plasma:fractal "$HOME/picture-$n.png"; done
animate -delay ${pictureMs / 10} -geometry +660+480 "$HOME"/picture-*.png &
`;
  return opening + pictures + xterm(lines(lineMs));
}
