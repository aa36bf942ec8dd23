// Charts as inline SVG: bars over time, a stacked bar, a stair of levels, a spark in a table's cell, a
// strip of a time line. Each is described in words for those who do not see it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { moment, number, short, shortMoment, t, word } from './i18n';

/** Drawn in pixels of the place it has, so that text is as large as elsewhere. */
function useWidth(): [preact.RefObject<HTMLDivElement>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, set] = useState(560);
  useEffect(() => {
    const watcher = new ResizeObserver(([e]) => set(Math.max(240, Math.round(e.contentRect.width))));
    if (ref.current) watcher.observe(ref.current);
    return () => watcher.disconnect();
  }, []);
  return [ref, width];
}

export interface Bar {
  label: string; // what it is about, for the hint
  tick?: string; // beneath it
  value: number;
  part?: number; // of it, what is dangerous
  now?: boolean; // still growing
}

export function Bars({ label, bars, height = 130 }: { label: string; bars: Bar[]; height?: number }) {
  const [place, w] = useWidth();
  const most = Math.max(1, ...bars.map((b) => b.value));
  const step = nice(most);
  const top = Math.ceil(most / step) * step;
  const text = (v: number) => (top < 10000 ? number(v) : short(v));
  const left = 12 + 7 * Math.max(3, ...[0, step, top].map((v) => letters(text(v)))), bottom = 18, room = height - bottom - 6;
  const x = (i: number) => left + (i * (w - left)) / bars.length;
  const wide = (w - left) / bars.length;
  const y = (v: number) => 6 + room - (v / top) * room;
  const ticks = fitting(bars.map((b) => b.tick), (i) => x(i) + wide / 2, w);
  return (
    <div ref={place}><svg class="chart" width={w} height={height} role="img"
      aria-label={`${label}: ${bars.filter((b) => b.value).map((b) => `${b.label} ${b.value}`).join(', ') || t('none')}`}>
      {Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step).map((v) => (
        <g class="grid">
          <line x1={left} x2={w} y1={y(v)} y2={y(v)} />
          <text x={left - 6} y={y(v) + 4} text-anchor="end">{text(v)}</text>
        </g>
      ))}
      {bars.map((b, i) => (
        <g>
          <rect class={b.now ? 'bar now' : 'bar'} x={x(i) + wide * 0.14} width={wide * 0.72} rx={Math.min(2, wide / 6)}
            y={y(b.value)} height={Math.max(0, 6 + room - y(b.value))}>
            <title>{`${b.label}: ${number(b.value)}`}</title>
          </rect>
          {!!b.part && (
            <rect class="bar part" x={x(i) + wide * 0.14} width={wide * 0.72} y={y(b.part)} height={Math.max(1, 6 + room - y(b.part))}>
              <title>{`${b.label}: ${number(b.part)} / ${number(b.value)}`}</title>
            </rect>
          )}
          {ticks[i] && <text class="tick" x={x(i) + wide / 2} y={height - 4} text-anchor="middle">{b.tick}</text>}
        </g>
      ))}
    </svg></div>
  );
}

/** Those ticks that find room beside the one before, and do not stick out at the end. */
function fitting(ticks: (string | undefined)[], at: (i: number) => number, width: number): boolean[] {
  let end = 0;
  return ticks.map((tick, i) => {
    const half = tick ? letters(tick) * 3.6 : 0;
    if (!tick || at(i) - half < end + 6 || at(i) + half > width) return false;
    end = at(i) + half;
    return true;
  });
}

/** In letters of a line; those of Japanese take two. */
const letters = (text: string): number => [...text].reduce((n, c) => n + (c > '\u2e80' ? 1.7 : 0.9), 0);

function nice(most: number): number {
  for (let size = 1; ; size *= 10)
    for (const m of [1, 2, 5]) if (most / (m * size) <= 4) return m * size;
}

/** Shares of a whole, with their legend. */
export function Stack({ label, parts }: { label: string; parts: { name: string; value: number; tone: string }[] }) {
  const all = parts.reduce((n, p) => n + p.value, 0);
  return (
    <div class="stack" role="group" aria-label={label}>
      <div class="stack-bar" aria-hidden="true">
        {parts.filter((p) => p.value).map((p) => (
          <span class={p.tone} style={{ flexGrow: p.value }} title={`${p.name}: ${number(p.value)}`} />
        ))}
        {all === 0 && <span class="none" style={{ flexGrow: 1 }} />}
      </div>
      <ul>
        {parts.map((p) => (
          <li class={p.value ? '' : 'faint'}>
            <i class={p.tone} aria-hidden="true" />{p.name} <b>{number(p.value)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

const LEVELS = ['safe', 'caution', 'warning', 'danger'];

/** A host's level over time, from its judgements. */
export function Stair({ label, points }: { label: string; points: { ns: number; level: string }[] }) {
  const [place, w] = useWidth();
  const h = 130, left = 66, bottom = 18, room = h - bottom - 12;
  const from = points[0].ns, to = Math.max(Date.now() * 1e6, from + 1);
  const x = (ns: number) => left + ((ns - from) / (to - from)) * (w - left - 8);
  const y = (level: string) => 8 + room - (Math.max(0, LEVELS.indexOf(level)) / 3) * room;
  let d = '';
  points.forEach((p, i) => {
    const end = points[i + 1]?.ns ?? to;
    d += `${i ? 'V' : `M${x(p.ns)},`}${y(p.level)}H${x(end)}`;
  });
  const n = w < 480 ? 2 : 4;
  const ticks = Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
  return (
    <div ref={place}><svg class="chart" width={w} height={h} role="img"
      aria-label={`${label}: ${points.map((p) => word('level', p.level)).slice(-12).join(', ')}`}>
      {LEVELS.map((l) => (
        <g class="grid">
          <line x1={left} x2={w} y1={y(l)} y2={y(l)} />
          <text x={left - 6} y={y(l) + 4} text-anchor="end">{word('level', l)}</text>
        </g>
      ))}
      <path class="stair" d={d} />
      {points.map((p) => (
        <circle class={`dot ${p.level}`} cx={x(p.ns)} cy={y(p.level)} r="3.5">
          <title>{`${moment(p.ns)} ${word('level', p.level)}`}</title>
        </circle>
      ))}
      {ticks.map((ns, i) => (
        <text class="tick" x={x(ns)} y={h - 3} text-anchor={i === 0 ? 'start' : i === n - 1 ? 'end' : 'middle'}>{shortMoment(ns)}</text>
      ))}
    </svg></div>
  );
}

/** Columns of width 1 up to `height`, as one path: thousands of them cost nothing. */
function columns(values: number[], height: (v: number) => number, base: number): string {
  return values.map((v, i) => (v > 0 ? `M${i + 0.1},${base}v${-height(v).toFixed(2)}h.8V${base}z` : '')).join('');
}

/** As large as a word, for a table's cell. */
export function Spark({ label, values, parts = [] }: { label: string; values: number[]; parts?: number[] }) {
  const most = Math.max(1, ...values);
  const height = (v: number) => Math.max(1, (v / most) * 18);
  return (
    <svg class="spark" viewBox={`0 0 ${Math.max(1, values.length)} 20`} preserveAspectRatio="none" role="img"
      aria-label={`${label}: ${number(values.reduce((a, b) => a + b, 0))}`}>
      <path class="all" d={columns(values, height, 19)} />
      <path class="part" d={columns(parts, height, 19)} />
    </svg>
  );
}

export interface StripStep { all: number; part: number; up?: number } // up: share of the time, 0 to 1

/** One line of a time line; a sensor tells how it is every few minutes, so that a share near 1 is all:
 * columns of hits (dangerous ones in red), beneath whether anybody looked.
 * `most`: of all lines together, so that they compare. */
export function Strip({ label, steps, most, onAt }: { label: string; steps: StripStep[]; most: number;
  onAt?: (at: number | null) => void }) {
  const height = (v: number) => Math.max(1.6, Math.sqrt(v / Math.max(1, most)) * 23);
  const line = (fits: (s: StripStep) => boolean) => steps.map((s, i) => (fits(s) ? `M${i},27h1v3h-1z` : '')).join('');
  const at = (e: MouseEvent) => {
    const box = (e.currentTarget as SVGElement).getBoundingClientRect();
    onAt?.(Math.min(steps.length - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * steps.length))));
  };
  return (
    <svg class="strip" viewBox={`0 0 ${Math.max(1, steps.length)} 30`} preserveAspectRatio="none" role="img" aria-label={label}
      onMouseMove={at} onMouseLeave={() => onAt?.(null)}>
      <path class="all" d={columns(steps.map((s) => s.all), height, 25)} />
      <path class="part" d={columns(steps.map((s) => s.part), height, 25)} />
      <path class="up" d={line((s) => s.up !== undefined && s.up >= 0.7)} />
      <path class="partly" d={line((s) => s.up !== undefined && s.up > 0.05 && s.up < 0.7)} />
      <path class="down" d={line((s) => s.up !== undefined && s.up <= 0.05)} />
    </svg>
  );
}
