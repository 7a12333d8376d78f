namespace OrleansDDM.Learning.Models.Fused;

/// <summary>A linear layer y = x W^T + b on the flat vector, and its derivatives. Rows of x are contiguous, those of y too unless said otherwise.</summary>
internal sealed unsafe class FusedLinear
{
    private readonly float* _values;
    private readonly float* _transposed;
    private readonly float* _biases;
    private readonly long _weight;
    private readonly long _bias;

    /// <summary>The layer whose parameters are <c>name.weight</c> and <c>name.bias</c>.</summary>
    /// <param name="vector">The model, float32 on the CPU.</param>
    /// <param name="name">Dotted name of the layer.</param>
    /// <param name="arena">Keeps the transposed weight and the bias.</param>
    public FusedLinear(ModelVector vector, string name, NativeArena arena)
    {
        Segment weight = vector.Segments.Single(s => s.Name == name + ".weight");
        _weight = weight.Offset;
        _bias = vector.Segments.Single(s => s.Name == name + ".bias").Offset;
        Outputs = (int)weight.Shape[0];
        Inputs = (int)weight.Shape[1];
        _values = FlatMemory.Of(vector.Values);
        _transposed = arena.Allocate(weight.Length);
        _biases = arena.Allocate(Outputs);
    }

    /// <summary>Columns of x.</summary>
    public int Inputs { get; }

    /// <summary>Columns of y.</summary>
    public int Outputs { get; }

    /// <summary>Takes over the current weights; to be called whenever they have changed.</summary>
    public void Load()
    {
        Transpose(_values + _weight, Inputs, Outputs, Inputs, _transposed, Outputs);
        new ReadOnlySpan<float>(_values + _bias, Outputs).CopyTo(new Span<float>(_biases, Outputs));
    }

    /// <summary>y = x W^T + b.</summary>
    public void Forward(float* x, int rows, float* y) => Forward(x, rows, y, Outputs);

    /// <summary>y = x W^T + b, where the rows of y are <paramref name="row"/> apart.</summary>
    public void Forward(float* x, int rows, float* y, int row) =>
        MatrixProduct.Multiply(rows, Outputs, Inputs, x, Inputs, 1, _transposed, Outputs, _biases, 0, y, row);

    /// <summary>dx = dy W.</summary>
    public void InputGradient(float* dy, int rows, float* dx) =>
        MatrixProduct.Multiply(rows, Inputs, Outputs, dy, Outputs, 1, _values + _weight, Inputs, null, 0, dx, Inputs);

    /// <summary>dx += dy W, where the rows of dy are <paramref name="row"/> apart.</summary>
    public void AddInputGradient(float* dy, int row, int rows, float* dx) =>
        MatrixProduct.Multiply(rows, Inputs, Outputs, dy, row, 1, _values + _weight, Inputs, dx, Inputs, dx, Inputs);

    /// <summary>dW += dy^T x and db += the sum of dy's rows.</summary>
    /// <param name="x">The layer's input, (rows, inputs).</param>
    /// <param name="dy">Gradient of its output, (rows, outputs).</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="gradient">Flat gradient of the whole model.</param>
    public void ParameterGradient(float* x, float* dy, int rows, float* gradient) => ParameterGradient(x, dy, Outputs, rows, gradient);

    /// <summary>dW += dy^T x and db += the sum of dy's rows, which are <paramref name="row"/> apart.</summary>
    /// <inheritdoc cref="ParameterGradient(float*, float*, int, float*)"/>
    public void ParameterGradient(float* x, float* dy, int row, int rows, float* gradient)
    {
        float* dw = gradient + _weight;
        MatrixProduct.Multiply(Outputs, Inputs, rows, dy, 1, row, x, Inputs, dw, Inputs, dw, Inputs);
        RowKernels.AddRows(dy, rows, Outputs, row, gradient + _bias);
    }

    /// <summary>Writes the transpose of a matrix of <paramref name="rows"/> rows, in tiles that stay in the nearest cache.</summary>
    public static void Transpose(float* source, int sourceRow, int rows, int columns, float* target, int targetRow)
    {
        const int Tile = 16;
        for (int top = 0; top < rows; top += Tile)
        {
            int bottom = Math.Min(top + Tile, rows);
            for (int column = 0; column < columns; column++)
            {
                for (int row = top; row < bottom; row++)
                {
                    target[column * targetRow + row] = source[row * sourceRow + column];
                }
            }
        }
    }
}
