"""Answer what each tab of the page asks: one module a tab."""
