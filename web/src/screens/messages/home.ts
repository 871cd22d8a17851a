/** Channels whose messages stay at home: nobody outside gets them, so that they can be read here. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../api';

const AT_HOME = ['blackhole', 'demo', 'file', 'memory'];

export function useHomeChannels(): string[] {
  const query = useQuery({ queryKey: ['settings', 'channels'], queryFn: () => call(api.GET('/api/v1/channels')), staleTime: 60_000 });
  return (query.data?.items ?? [])
    .filter((one) => AT_HOME.includes(String((one as unknown as { provider?: string; kind?: string }).provider ?? (one as unknown as { kind?: string }).kind ?? '')))
    .map((one) => one.channel);
}
