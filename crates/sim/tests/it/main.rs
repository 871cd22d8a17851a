mod campaigns;
mod demo;
mod journeys;
mod library;
mod seeds;
mod segments;
mod stories;
