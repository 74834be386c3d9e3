"""Why a posting failed, in words that lead to the fix."""
