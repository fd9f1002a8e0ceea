import { Search } from 'lucide-react';
import { Input } from '@/components/ui/Field';

interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** Narrows a list down by words. */
export function SearchField({ label, value, onChange }: SearchFieldProps) {
  return (
    <span className="relative block w-full sm:w-72">
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-3 z-10 size-4 -translate-y-1/2 text-muted"
      />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="pl-9"
      />
    </span>
  );
}
