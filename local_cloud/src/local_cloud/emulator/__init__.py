"""Everything that touches MiniStack: no other room imports it.

``seams.py`` holds its version and checks the names that the patches rely on, ``modules.py`` imports its modules,
``patches.py`` lists the changes to them in order. The other files each hold one patch or one middleware. MiniStack has no
documented interface for any of this.
"""
