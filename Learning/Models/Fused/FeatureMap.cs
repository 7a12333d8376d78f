namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Feature maps of a few images in planes of 16 channels: (images, C / 16, H + 2, W + 2, 16), with a border of zeros that nothing writes
/// to. In this order a pixel's 16 channels are one vector and its neighbours are at fixed distances, whatever the number of channels is
/// (the blocked layout of oneDNN, nChw16c).
/// </summary>
internal sealed unsafe class FeatureMap
{
    private readonly float* _data;
    private readonly long _image;

    /// <summary>A new map of zeros.</summary>
    public FeatureMap(MapGeometry geometry, int channels, int images, NativeArena arena)
    {
        Geometry = geometry;
        Planes = (channels + MapGeometry.Lanes - 1) / MapGeometry.Lanes;
        _image = (long)Planes * geometry.Plane;
        _data = arena.Allocate(images * _image);
    }

    private FeatureMap(FeatureMap whole, int first, int count)
    {
        (Geometry, Planes, _image) = (whole.Geometry, count, whole._image);
        _data = whole.Plane(0, first);
    }

    /// <summary>Size and place of the pixels.</summary>
    public MapGeometry Geometry { get; }

    /// <summary>Planes of one image.</summary>
    public int Planes { get; }

    /// <summary>Channels, those that only fill the last plane included.</summary>
    public int Channels => Planes * MapGeometry.Lanes;

    /// <summary>A plane, from its border on.</summary>
    public float* Plane(int image, int plane) => _data + image * _image + (long)plane * Geometry.Plane;

    /// <summary>The first pixel of a line.</summary>
    public float* Line(int image, int plane, int y) => Plane(image, plane) + Geometry.Centre + y * Geometry.Line;

    /// <summary>Some of the channels, both numbers multiples of 16; the memory is shared.</summary>
    public FeatureMap Slice(int firstChannel, int channels) => new(this, firstChannel / MapGeometry.Lanes, channels / MapGeometry.Lanes);
}
