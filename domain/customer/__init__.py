"""Somebody who has bought, or may: what he is to the company, who looks after him, and what he may owe."""
