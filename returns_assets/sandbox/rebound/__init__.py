"""ReBound's stand-in: the current REST API (G3), the legacy form API (G1), and what an admin makes of the returns behind them."""
