"""The journey of the product as a client walks it: invented people, their files, and the steps through the gateway."""
