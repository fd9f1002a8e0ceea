// Numbers as form controls hold them: as text, empty where there is none.

export const numberOf = (text: string): number | null => (text.trim() === '' ? null : Number(text));

export const textOf = (number: number | null | undefined): string => (number == null ? '' : String(number));
