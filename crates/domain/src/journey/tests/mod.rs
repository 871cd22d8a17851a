mod documents;
mod random;
mod scenario;
mod stories;
