/** Rows of cells as plain text, the first one as the heading; numbers are aligned to the right. */
export function textTable(rows) {
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)));
  const widths = shown[0].map((_, column) => Math.max(...shown.map((row) => row[column].length)));
  const isNumeric = rows[0].map((_, column) => rows.slice(1).every((row) => typeof row[column] === 'number'));
  const line = (row) =>
    row.map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])));
  const [heading, ...body] = shown.map((row) => line(row).join('  '));
  return [heading, widths.map((width) => '─'.repeat(width)).join('  '), ...body].join('\n');
}
