/** Pictures into the library. */
import { api, call, type Schema } from '../../api';

export type Media = Schema<'MediaView'>;

/** What the server takes, for the browser's own chooser; the server looks at the bytes. */
export const ACCEPTED = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

export function upload(file: File): Promise<Media> {
  return call(api.POST('/api/v1/media', {
    params: { query: { name: file.name } },
    body: file as never,
    bodySerializer: (body) => body as never,
    headers: { 'Content-Type': 'application/octet-stream' },
  }));
}
