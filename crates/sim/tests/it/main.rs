mod demo;
mod seeds;
mod segments;
mod stories;
