int kit_placeholder;
int kit_placeholder = 0;
