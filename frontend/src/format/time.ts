// Times in the viewer's zone and words. Each takes a locale only so that tests can fix it.

type Locale = string | undefined;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const formatDateTime = (moment: string | Date, locale?: Locale) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(moment));

export const formatClock = (moment: string | Date, locale?: Locale) =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(new Date(moment));

/** A mark on an axis of time: with seconds where it is short, with the day where it is long. */
export function formatTick(moment: Date, [from, to]: Date[], locale?: Locale) {
  const length = (to?.getTime() ?? 0) - (from?.getTime() ?? 0);
  const options: Intl.DateTimeFormatOptions =
    length > 3 * DAY
      ? { day: 'numeric', month: 'short' }
      : { hour: 'numeric', minute: '2-digit', second: length < 5 * MINUTE ? '2-digit' : undefined };
  return new Intl.DateTimeFormat(locale, options).format(moment);
}

/** `5 minutes ago`, `in 3 seconds`. */
export function formatRelative(moment: string | Date, now: number, locale?: Locale) {
  const distance = new Date(moment).getTime() - now;
  const size = Math.abs(distance);
  const [unit, length] = (
    size < MINUTE
      ? ['second', SECOND]
      : size < HOUR
        ? ['minute', MINUTE]
        : size < DAY
          ? ['hour', HOUR]
          : size < 30 * DAY
            ? ['day', DAY]
            : size < 365 * DAY
              ? ['month', 30 * DAY]
              : ['year', 365 * DAY]
  ) as [Intl.RelativeTimeFormatUnit, number];
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  return format.format(Math.trunc(distance / length), unit);
}

/** The two largest units that matter: `1h 5m`, `42s`, `0.8s`. */
export function formatDuration(seconds: number, locale?: Locale) {
  const part = (value: number, unit: string, maximumFractionDigits = 0) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit,
      unitDisplay: 'narrow',
      maximumFractionDigits,
    }).format(value);
  if (seconds < 10) return part(seconds, 'second', 1);
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  const parts: [number, string][] = [
    [days, 'day'],
    [hours, 'hour'],
    [minutes, 'minute'],
    [whole % 60, 'second'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => part(value, unit))
    .join(' ');
}

/** Seconds between two moments, or until now. */
export const secondsBetween = (from: string, to: string | number) =>
  Math.max(0, (new Date(to).getTime() - new Date(from).getTime()) / SECOND);
