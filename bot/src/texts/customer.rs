//! What customers read.

messages! { CUSTOMER:
    oops();
    stale_button();
    only_in_private();
    open_private_chat();
    home();
    to_home();
}
