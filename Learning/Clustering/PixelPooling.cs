using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>Averages f x f pixels, rounded to a byte, so that at most 1024 values are left; integers keep all statistics exact.</summary>
internal readonly struct PixelPooling
{
    private const int LargestDimensions = 1024;
    private readonly int _channels;
    private readonly int _height;
    private readonly int _width;

    public PixelPooling(int channels, int height, int width)
    {
        (_channels, _height, _width) = (channels, height, width);
        Factor = 1;
        while (Values(Factor) > LargestDimensions)
        {
            Factor++;
        }
    }

    /// <summary>f: pixels averaged along each side.</summary>
    public int Factor { get; }

    /// <summary>Values of a pooled image; the last row and column of blocks may be narrower.</summary>
    public int Dimensions => Values(Factor);

    /// <summary>Pools image <paramref name="index"/> into <paramref name="destination"/>, values 0 to 255.</summary>
    public void Copy(ImageDataset images, int index, Span<float> destination)
    {
        ReadOnlySpan<byte> image = images.Image(index);
        if (Factor == 1)
        {
            for (int i = 0; i < image.Length; i++)
            {
                destination[i] = image[i];
            }

            return;
        }

        int next = 0;
        for (int c = 0; c < _channels; c++)
        {
            for (int top = 0; top < _height; top += Factor)
            {
                for (int left = 0; left < _width; left += Factor)
                {
                    destination[next++] = Average(image.Slice(c * _height * _width, _height * _width), top, left);
                }
            }
        }
    }

    private int Values(int factor) => _channels * ((_height + factor - 1) / factor) * ((_width + factor - 1) / factor);

    private int Average(ReadOnlySpan<byte> plane, int top, int left)
    {
        int bottom = Math.Min(top + Factor, _height);
        int right = Math.Min(left + Factor, _width);
        int sum = 0;
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                sum += plane[(y * _width) + x];
            }
        }

        int area = (bottom - top) * (right - left);
        return (sum + (area / 2)) / area;
    }
}
