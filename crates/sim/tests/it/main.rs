mod campaigns;
mod demo;
mod habits;
mod journeys;
mod library;
mod seeds;
mod segments;
mod stories;
