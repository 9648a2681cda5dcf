"""Where the numbers in the docs come from: each module measures one thing and says whether it holds."""
