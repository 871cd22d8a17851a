import { api, call, type Schema } from '../../api';

export type Account = Schema<'OwnAccountView'>;

export const accountQuery = { queryKey: ['account'], queryFn: () => call(api.GET('/api/v1/account')) };
