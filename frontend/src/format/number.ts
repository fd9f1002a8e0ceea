// Numbers as the viewer's locale writes them. Each takes a locale only so that tests can fix it.

type Locale = string | undefined;

export const formatCount = (value: number, locale?: Locale) => new Intl.NumberFormat(locale).format(value);

/** `1.2M`, for where a full number would be too wide. */
export const formatCompact = (value: number, locale?: Locale) =>
  new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);

/** A share from 0 to 1. Never says 100 % before it is all, nor 0 % once it has begun. */
export function formatPercent(share: number, locale?: Locale) {
  const percent = Math.floor(share * 1000) / 1000;
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
    roundingMode: 'floor',
  }).format(share > 0 ? Math.max(percent, 0.001) : 0);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

export function formatBytes(bytes: number, locale?: Locale) {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power],
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

/** Rows in a second, with fractions only where they matter. */
export const formatRate = (perSecond: number, locale?: Locale) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: perSecond < 10 ? 1 : 0 }).format(perSecond);
