/** Copies text to the clipboard and says for two seconds that it did. */
import { ref, type Ref } from "vue";

function copyByHand(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "offscreen";
  document.body.append(area);
  area.select();
  // Outside a secure context (plain http on a LAN) there is no clipboard API; this old call still works there.
  const ok = document.execCommand("copy");
  area.remove();
  return ok;
}

export function useCopy(): { readonly copied: Ref<boolean>; readonly copy: (text: string) => Promise<void> } {
  const copied = ref(false);
  async function copy(text: string): Promise<void> {
    let ok: boolean;
    try {
      await navigator.clipboard.writeText(text);
      ok = true;
    } catch {
      ok = copyByHand(text);
    }
    copied.value = ok;
    setTimeout(() => {
      copied.value = false;
    }, 2000);
  }
  return { copied, copy };
}
