//! Buy-till-you-die models: how often a customer buys while they are one, and when they cease to be.
