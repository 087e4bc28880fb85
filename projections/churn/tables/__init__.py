"""Tables of churn, written once for two engines: on DuckDB in the process, and on Spark for what one machine cannot
hold.

Each is a function of tables that gives a table, and computes nothing by itself. All numbers are whole: days since
1970-01-01 in the house's time zone, months since year 0, smallest units of a currency, shares in hundredths of a
percent. Where rows tie they tie in both engines, so that both come to the same.
"""
