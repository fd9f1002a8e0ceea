// Sets the theme before anything is painted; src/theme.ts changes it later.
(function () {
  let theme = 'system';
  try {
    theme = localStorage.getItem('backfill.theme') || 'system';
  } catch {
    // No storage: the system's theme.
  }
  const dark =
    theme === 'dark' || (theme === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
