import { api, call } from '../../../api';
import type { Channel } from '../channels';

export const putChannel = async (channel: string, body: Record<string, unknown>) =>
  (await call(api.PUT('/api/v1/channels/{channel}', { params: { path: { channel } }, body: body as Record<string, never> }))) as unknown as Channel;
