mod seeds;
mod stories;
