mod documents;
mod occasions;
mod random;
mod rests;
mod scenario;
mod stories;
