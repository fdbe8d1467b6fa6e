// The same numbers as a table: under every chart, and as CSV.

export interface Table {
  columns: readonly string[];
  /** First cell of a row is its heading. */
  rows: readonly (readonly string[])[];
}

const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** RFC 4180 with line feeds. */
export const asCsv = ({ columns, rows }: Table): string => [columns, ...rows].map(row => row.map(cell).join(',')).join('\n') + '\n';
