import { bisector, max } from 'd3-array';
import { scaleLinear, scaleTime } from 'd3-scale';
import { area, curveMonotoneX, line } from 'd3-shape';
import { useMemo, useRef, useState } from 'react';
import type { Throughput } from '@/api/types';
import { formatBytes, formatCompact, formatRate } from '@/format/number';
import { formatClock, formatTick } from '@/format/time';
import { useWidth } from './useWidth';

interface Point {
  at: Date;
  rows: number;
  bytes: number;
}

const HEIGHT = 200;
const MARGIN = { top: 10, right: 8, bottom: 24, left: 44 };

const byTime = bisector((point: Point) => point.at);

/** Rows a second over time. The numbers are in a table, too, for those who cannot see it. */
export function ThroughputChart({ data, label }: { data: Throughput; label: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [pointed, setPointed] = useState<number | null>(null);
  const points = useMemo(() => perSecond(data), [data]);
  const scales = useMemo(() => scalesFor(points, width), [points, width]);
  const shown = pointed === null ? null : points[pointed];

  return (
    <figure className="relative" aria-label={label}>
      <div ref={frame} style={{ height: HEIGHT }}>
        {scales && (
          <svg
            aria-hidden
            width={width}
            height={HEIGHT}
            className="block touch-pan-y"
            onPointerMove={(event) => {
              const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
              setPointed(byTime.center(points, scales.x.invert(x)));
            }}
            onPointerLeave={() => setPointed(null)}
          >
            <Axes {...scales} width={width} />
            <Curve points={points} {...scales} />
            {shown && <Pointer x={scales.x(shown.at)} y={scales.y(shown.rows)} />}
          </svg>
        )}
      </div>
      {shown && scales && <Reading point={shown} x={scales.x(shown.at)} width={width} />}
      <PointsTable points={points} label={label} />
    </figure>
  );
}

function perSecond({ bucket_seconds, points }: Throughput): Point[] {
  return points.map(({ at, rows, bytes }) => ({
    at: new Date(at),
    rows: rows / bucket_seconds,
    bytes: bytes / bucket_seconds,
  }));
}

function scalesFor(points: Point[], width: number) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || width <= 0) return null;
  const x = scaleTime([first.at, last.at], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, max(points, ({ rows }) => rows) || 1], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(
    4,
  );
  return { x, y };
}

type Scales = NonNullable<ReturnType<typeof scalesFor>>;

function Axes({ x, y, width }: Scales & { width: number }) {
  return (
    <g className="fill-muted text-2xs tabular-nums">
      {y.ticks(4).map((value) => (
        <g key={value} transform={`translate(0,${y(value)})`}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} className="stroke-line" />
          <text x={MARGIN.left - 8} dy="0.32em" textAnchor="end">
            {formatCompact(value)}
          </text>
        </g>
      ))}
      {x.ticks(Math.max(2, Math.floor(width / 110))).map((moment) => (
        <text key={moment.getTime()} x={x(moment)} y={HEIGHT - 6} textAnchor="middle">
          {formatTick(moment, x.domain())}
        </text>
      ))}
    </g>
  );
}

function Curve({ points, x, y }: Scales & { points: Point[] }) {
  const fill = area<Point>()
    .x(({ at }) => x(at))
    .y0(y(0))
    .y1(({ rows }) => y(rows))
    .curve(curveMonotoneX);
  const stroke = line<Point>()
    .x(({ at }) => x(at))
    .y(({ rows }) => y(rows))
    .curve(curveMonotoneX);
  return (
    <>
      <path d={fill(points) ?? undefined} className="fill-blue-solid opacity-12" />
      <path d={stroke(points) ?? undefined} className="fill-none stroke-blue-solid stroke-[1.75]" />
    </>
  );
}

const Pointer = ({ x, y }: { x: number; y: number }) => (
  <g className="stroke-blue-solid">
    <line x1={x} x2={x} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} className="opacity-40" />
    <circle cx={x} cy={y} r={3.5} className="fill-surface stroke-2" />
  </g>
);

function Reading({ point, x, width }: { point: Point; x: number; width: number }) {
  return (
    <div
      className="pointer-events-none absolute top-1 rounded-lg border border-line bg-surface px-2.5 py-1.5 text-xs whitespace-nowrap tabular-nums shadow-popup"
      style={x < width / 2 ? { left: x + 12 } : { right: width - x + 12 }}
    >
      <div className="text-muted">{formatClock(point.at)}</div>
      <div className="font-medium">{formatRate(point.rows)} rows/s</div>
      <div className="text-muted">{formatBytes(point.bytes)}/s</div>
    </div>
  );
}

function PointsTable({ points, label }: { points: Point[]; label: string }) {
  return (
    <table className="sr-only">
      <caption>{label}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Rows a second</th>
          <th scope="col">Bytes a second</th>
        </tr>
      </thead>
      <tbody>
        {points.map(({ at, rows, bytes }) => (
          <tr key={at.getTime()}>
            <th scope="row">{formatClock(at)}</th>
            <td>{formatRate(rows)}</td>
            <td>{formatBytes(bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
