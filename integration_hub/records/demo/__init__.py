"""A believable company to look at: a theatre in Bucharest, and a studio beside it.

Names and addresses are made up; every e-mail address ends in example.com and every phone number is nobody's.
"""
