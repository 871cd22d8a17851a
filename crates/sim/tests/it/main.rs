mod demo;
mod seeds;
mod stories;
