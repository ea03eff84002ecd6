/** Recordings: index, stretches of replay, verification, exports, search, and the two-person reading of kept input. */
import { defineStore } from "pinia";
import * as api from "../api/sessions.js";
import { useListing } from "../composables/use-listing.js";

export const useRecordingsStore = defineStore("recordings", () => {
  const openings = useListing((cursor) => api.listOpenings(cursor));
  return {
    openings,
    index: api.recordingIndex,
    segment: api.recordingSegment,
    verify: api.verifyRecording,
    exportUrl: api.exportUrl,
    thumbnailUrl: api.thumbnailUrl,
    search: api.search,
    requestInput: api.requestInput,
    approveOpening: api.approveOpening,
    readInput: api.readInput,
  };
});
