## Everywhere

oops = Something went wrong. Please try again.
stale_button = This button is from an older message. Here is a fresh one.
only_in_private = Numbers are rented in a private chat with me.
open_private_chat = Open the private chat
to_home = 🏠 Home

## Home

home = <b>Anonymous +888 numbers</b>
