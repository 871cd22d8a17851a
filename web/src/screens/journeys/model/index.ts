export * from './diff';
export * from './duration';
export * from './edit';
export * from './history';
export * from './layout';
export * from './types';
export * from './validate';
export * from './ways';
