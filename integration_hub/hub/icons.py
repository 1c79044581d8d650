"""Line icons on a 24 × 24 grid, drawn for this product; stroke and size come from the stylesheet."""

ICONS = {
    "alert": '<path d="M12 4 2.8 19.5h18.4zM12 10v4M12 17v.1"/>',
    "runs": '<path d="M20 12a8 8 0 1 1-2.6-5.9M20 4v4h-4"/>',
    "link": '<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"/>',
    "calendar": '<path d="M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"/>',
    "cart": '<path d="M3 4h2l2.4 11h10.2L20 8H6.2M9 19.5v.1M16.500 19.5v.1"/>',
    "ticket": '<path d="M3 7h18v3.500a1.500 1.500 0 0 0 0 3V17H3v-3.500a1.500 1.500 0 0 0 0-3zM14 7v2M14 11v2M14 15v2"/>',
    "people": '<path d="M2.500 20a6.500 6.500 0 0 1 13 0M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M16 4.500a3.500 3.500 0 0 1 0 6M18 14a6 6 0 0 1 3.500 6"/>',
    "clock": '<path d="M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16M12 8v4l3 2"/>',
    "building": '<path d="M5 20V5h9v15M14 10h5v10M3 20h18M8 8.500h3M8 12h3M8 15.500h3"/>',
    "badge": '<path d="M5 7h14v13H5zM10 7V4h4v3M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4M8.500 18a3.500 3.500 0 0 1 7 0"/>',
    "shield": '<path d="M12 3.500 5 6v5.500c0 4.500 3 7.500 7 9 4-1.500 7-4.500 7-9V6zM9 12l2.200 2.200L15 10"/>',
    "key": '<path d="M8.500 19a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9M12 11.500 20 4M16 7.500l2.500 2.500"/>',
    "list": '<path d="M8 6h12M8 12h12M8 18h12M4 6v.1M4 12v.1M4 18v.1"/>',
    "table": '<path d="M4 5h16v14H4zM4 10h16M4 14.500h16M10 10v9"/>',
    "down": '<path d="m7 10 5 5 5-5"/>',
    "check": '<path d="m5 12.500 4.500 4.500L19 7"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "theme": '<path d="M12 20a8 8 0 1 0 0-16zM12 4a8 8 0 0 0 0 16"/>',
    "out": '<path d="M14 4H6v16h8M10 12h10M16.500 8.500 20 12l-3.500 3.500"/>',
    "plug": '<path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4"/>',
}
