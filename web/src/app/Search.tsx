/** Global search and the command palette: filled by the area `home`. */
export function SearchButton() {
  return null;
}
