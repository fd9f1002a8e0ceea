// A line plot as SVG, by hand: few lines, no fonts but the reader's own, readable on light and dark pages.

const SIZE = { width: 720, height: 400, left: 92, right: 24, top: 68, bottom: 56 };
const COLOURS = ['#2563eb', '#dc2626', '#6b7280'];

/** `lines`: `{ title, points: [{ x, y }] }`. The x axis doubles from tick to tick, the y axis begins at zero. */
export function linePlot({ title, xLabel, yLabel, lines }) {
  const points = lines.flatMap((line) => line.points);
  const ticks = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const step = niceStep(Math.max(...points.map(({ y }) => y)) / 5);
  const top = step * Math.ceil(Math.max(...points.map(({ y }) => y)) / step);
  const at = scales(ticks, top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(SIZE.left, 24, title, 'font-weight="600" font-size="15"'),
    ...legend(lines),
    ...yAxis(step, top, at),
    ...ticks.map((x) => text(at.x(x), SIZE.height - SIZE.bottom + 20, number(x), 'text-anchor="middle"')),
    text((SIZE.left + SIZE.width - SIZE.right) / 2, SIZE.height - 12, xLabel, 'text-anchor="middle"'),
    text(0, 0, yLabel, `text-anchor="middle" transform="translate(18 ${SIZE.height / 2}) rotate(-90)"`),
    ...lines.flatMap((line, index) => drawn(line, colour(index), at)),
    '</svg>',
    '',
  ].join('\n');
}

function scales(ticks, top) {
  const [low, high] = [Math.log2(ticks[0]), Math.log2(ticks.at(-1))];
  const [width, height] = [SIZE.width - SIZE.left - SIZE.right, SIZE.height - SIZE.top - SIZE.bottom];
  // A little room on both sides of the first and the last tick.
  const share = (x) => (high === low ? 0.5 : 0.04 + (0.92 * (Math.log2(x) - low)) / (high - low));
  return {
    x: (x) => Math.round(SIZE.left + width * share(x)),
    y: (y) => Math.round(SIZE.top + height * (1 - y / top)),
  };
}

function yAxis(step, top, at) {
  const lines = [];
  for (let y = 0; y <= top; y += step) {
    lines.push(
      `<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${at.y(y)}" y2="${at.y(y)}" stroke="#e5e7eb"/>`,
      text(SIZE.left - 8, at.y(y) + 4, number(y), 'text-anchor="end"'),
    );
  }
  return lines;
}

function drawn({ points }, stroke, at) {
  const path = points.map(({ x, y }) => `${at.x(x)},${at.y(y)}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${stroke}" stroke-width="2.5"/>`,
    ...points.map(({ x, y }) => `<circle cx="${at.x(x)}" cy="${at.y(y)}" r="3.5" fill="${stroke}"/>`),
  ];
}

/** One row of names in their colours; a letter is taken to be eight pixels wide. */
function legend(lines) {
  let x = SIZE.left;
  return lines.map(({ title }, index) => {
    const entry = text(x, 48, `● ${title}`, 'font-weight="600"', colour(index));
    x += 8 * title.length + 48;
    return entry;
  });
}

const colour = (index) => COLOURS[index % COLOURS.length];

/** 1, 2 or 5 times a power of ten, at least `size`. */
function niceStep(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= size);
}

const number = (value) => value.toLocaleString('en');
const escape = (content) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

function text(x, y, content, attributes, fill = '#374151') {
  return `<text x="${x}" y="${y}" fill="${fill}" ${attributes}>${escape(content)}</text>`;
}
