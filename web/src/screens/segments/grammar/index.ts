export * from './model';
export * from './parse';
export * from './write';
export * from './say';
export * from './fields';
export * from './duration';
export * from './make';
export * as edit from './edit';
