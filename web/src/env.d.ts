declare module '*.css';
declare module 'virtual:mantine-styles';
