/** Gives the reader a text as a file to keep. */
export function saveText(name: string, text: string): void {
  saveFile(name, new Blob([text], { type: "application/octet-stream" }));
}

/** Gives the reader a file to keep. */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
