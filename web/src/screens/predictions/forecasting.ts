/** What a shop has set for its forecasts: `settings.forecast`. */
export interface Forecasting {
  margin_percent: number;
  discount_percent: number;
  win_back_waste_percent: number;
  win_back_days_min: number;
  win_back_days_max: number;
}

/** As the server has it when nothing was set. */
export const USUAL: Forecasting = { margin_percent: 100, discount_percent: 10, win_back_waste_percent: 20, win_back_days_min: 28, win_back_days_max: 364 };

/** From the shop's settings; `null` until they are there. */
export function forecastOf(settings: unknown): Forecasting | null {
  if (typeof settings !== 'object' || settings === null) return null;
  const told = (settings as { forecast?: Partial<Forecasting> }).forecast ?? {};
  const number = (name: keyof Forecasting): number => (typeof told[name] === 'number' ? told[name] : USUAL[name]);
  return {
    margin_percent: number('margin_percent'), discount_percent: number('discount_percent'), win_back_waste_percent: number('win_back_waste_percent'),
    win_back_days_min: number('win_back_days_min'), win_back_days_max: number('win_back_days_max'),
  };
}
