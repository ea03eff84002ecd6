/** How one person comes in, as the security administrator keeps it: page sessions that stand, links to directories. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/factors.js";
import * as proposals from "../api/proposals.js";
import type { DirectoryLinkBody, DirectoryLinkView, DirectoryOffersView, ScimTokenView } from "../api/types.js";
import { useListing } from "../composables/use-listing.js";

export const usePersonAccessStore = defineStore("person-access", () => {
  const personId = ref("");
  const sessions = useListing((cursor) => api.pageSessions(cursor, { personId: personId.value }));
  const links = ref<readonly DirectoryLinkView[]>([]);
  const offers = ref<DirectoryOffersView>();
  const tokens = ref<readonly ScimTokenView[]>([]);

  async function loadLinks(): Promise<void> {
    links.value = (await api.directoryLinks(personId.value)).items;
  }
  async function load(id: string): Promise<void> {
    personId.value = id;
    links.value = [];
    sessions.clear();
    const [offered, made] = await Promise.all([
      api.directoryOffers(),
      proposals.scimTokens(),
      loadLinks(),
      sessions.load(),
    ]);
    offers.value = offered;
    tokens.value = made.items.filter((one) => one.retiredAt === null);
  }
  async function endSession(id: string): Promise<void> {
    await api.endPageSession(id);
    await sessions.load();
  }
  async function link(input: DirectoryLinkBody): Promise<void> {
    await api.linkPerson(personId.value, input);
    await Promise.all([loadLinks(), sessions.load()]);
  }
  async function unlink(id: string): Promise<void> {
    await api.unlinkPerson(id);
    await Promise.all([loadLinks(), sessions.load()]);
  }
  return { sessions, links, offers, tokens, load, endSession, link, unlink };
});
