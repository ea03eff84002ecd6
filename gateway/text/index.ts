export { isPlainName, nameKey } from "./names.js";
export { CSV_LINES, readCsv } from "./read-csv.js";
export type { CsvEncoding, CsvFault, CsvFile, CsvReading, CsvRow } from "./read-csv.js";
export { writeCsv } from "./write-csv.js";
