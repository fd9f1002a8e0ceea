import { Monitor, Moon, Sun } from 'lucide-react';
import { setTheme, useTheme, type Theme } from '@/theme';
import { IconButton } from '@/components/ui/Button';
import { Menu } from '@/components/ui/Menu';

const THEMES = [
  { theme: 'system', label: 'As the system', icon: Monitor },
  { theme: 'light', label: 'Light', icon: Sun },
  { theme: 'dark', label: 'Dark', icon: Moon },
] as const satisfies { theme: Theme; label: string; icon: typeof Sun }[];

export function ThemeMenu() {
  const current = useTheme();
  const icon = THEMES.find(({ theme }) => theme === current)?.icon ?? Monitor;
  return (
    <Menu
      trigger={<IconButton label="Theme" icon={icon} />}
      items={THEMES.map(({ theme, label, icon: look }) => ({
        label,
        icon: look,
        onSelect: () => setTheme(theme),
      }))}
    />
  );
}
