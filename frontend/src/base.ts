/** Where the dashboard is served: an absolute URL with a slash at its end. The server says so by `<base href>`. */
export const base = new URL('.', document.baseURI);
