/** What the composition root may see of the desktop door. */
export {};
