mod demo;
mod library;
mod seeds;
mod segments;
mod stories;
