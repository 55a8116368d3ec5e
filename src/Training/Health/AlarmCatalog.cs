namespace GpuGrad.Training.Health;

/// <summary>A kind of alarm, explained.</summary>
/// <param name="Id">e.g. <c>G001</c>.</param>
/// <param name="Title">A few words.</param>
/// <param name="When">What has to be measured for it to be raised.</param>
/// <param name="Why">What it means and how it comes about.</param>
/// <param name="Help">What to try, the likeliest first.</param>
public sealed record AlarmKind(string Id, string Title, string When, string Why, IReadOnlyList<string> Help);

/// <summary>Every alarm that a run can raise; <c>gpugrad explain G001</c> prints one.</summary>
public static class AlarmCatalog
{
    public const string DeadUnits = "G001", SaturatedUnits = "G002", Vanishing = "G003", Exploding = "G004", UpdatesLarge = "G005",
        UpdatesSmall = "G006", LossStuck = "G007", ClippingBinds = "G008", StartLoss = "G009", Symmetric = "G010", SaturatedStart = "G011",
        NonFinite = "G012", SignalAtStart = "G013", GradientAtStart = "G014";

    public static IReadOnlyList<AlarmKind> All { get; } =
    [
        new(DeadUnits, "dead units",
            "A fifth or more of a ReLU layer's units gave exactly 0 for every sample of at least five watched batches and 1,000 samples. Fewer are usual in networks that learn well: they are a remark in the log and the report, and are counted at the end of the run. An alarm comes again when they are twice as many.",
            "A ReLU passes no gradient where its output is 0. A unit that gives 0 for every sample gets no gradient from any, so nothing can wake it: its weights stay as they are for the rest of the run. "
            + "It mostly happens in one large step, which pushes a unit's bias or weights so far that no input reaches it any more. Units that never were alive have a bad initialisation.",
            ["a lower learning rate, or a warm-up", "leaky-relu, elu or gelu in place of relu: they pass some gradient everywhere", "clip: {norm: 1}, when single steps are much larger than the others", "the default initialiser (He), when units were dead from the start"]),
        new(SaturatedUnits, "saturated units",
            "A fifth or more of a sigmoid or tanh layer's units sat on a flat end of the curve for every sample of at least five watched batches and 1,000 samples. Fewer are a remark, as with G001.",
            "The derivative of a sigmoid is y(1-y), at most 0.25 and nearly 0 where y is near 0 or 1 (tanh: 1-y², near 0 at ±1). Whatever gradient arrives there is multiplied by almost nothing. "
            + "The unit's input is far too large in size: weights that began too large, inputs that are not normalised, or a learning rate that threw it there.",
            ["the default initialiser (Xavier), or a smaller one", "data: {normalize: true}, if inputs are not near mean 0 and deviation 1", "a lower learning rate", "batchnorm before the activation", "relu or gelu in place of sigmoid"]),
        new(Vanishing, "vanishing gradients",
            "For five watched steps in a row an early layer's gradient (root mean square of its elements) was below 1/10,000 of the largest of any later layer.",
            "On the way back the chain rule multiplies one factor a layer. Each sigmoid contributes at most 0.25; twelve of them leave at most 0.25¹² = 6·10⁻⁸ of the signal. The last layers learn, the first ones stand still.",
            ["relu or gelu in place of sigmoid or tanh", "batchnorm or layernorm between layers", "residual: [...] around groups of layers: the sum hands the gradient through whole", "fewer layers"]),
        new(Exploding, "exploding gradients",
            "A step's gradient was over 100 times the median of the steps before it; or an early layer's was over 1,000 times that of the last one for three watched steps in a row.",
            "Factors above 1 multiply on the way back just as factors below 1 do. One such step moves the weights so far that what was learned before is lost; the next may not be finite any more.",
            ["clip: {norm: 1}", "a lower learning rate, or a warm-up", "the default initialiser", "batchnorm or layernorm between layers"]),
        new(UpdatesLarge, "updates too large",
            "For three watched steps in a row a step moved a layer's weights by more than a fifth of their own norm.",
            "A step that follows the gradient is justified only as far as the loss is nearly linear. About a thousandth of the weights' norm is healthy; at a fifth the gradient of five steps ago says nothing about the weights of today.",
            ["a learning rate ten times lower", "a warm-up, if it is so at the beginning only", "clip: {norm: 1}"]),
        new(UpdatesSmall, "updates too small",
            "For five watched steps in a row a step moved a layer's weights by less than a millionth of their norm, while the learning rate was near its full value.",
            "Below about 10⁻⁷ an update is lost in the rounding of float32 altogether; at a millionth it takes a million steps to change the layer. Either the learning rate is too low or no gradient reaches the layer.",
            ["a higher learning rate", "if other layers move: see G003, vanishing gradients", "if the loss is nearly 0 there is nothing left to learn"]),
        new(LossStuck, "loss not falling",
            "The training loss of the last three epochs was not even 1 % below the best one before.",
            "A loss that stands where it began, at ln C for C classes, says that the network gives every class the same chance: no gradient arrives, or steps jump over every valley. One that fell and then stands has learned what this model, learning rate and data allow.",
            ["if it never fell: a learning rate ten times lower, then ten times higher", "look for G001 to G006 above", "if it stands after a fall: a schedule (cosine, plateau), more units, or an early stop"]),
        new(ClippingBinds, "clipping always binds",
            "95 % or more of the last 200 steps had a gradient norm above clip.norm.",
            "Clipping is meant for the rare step that is far too long. Where it binds on every step it takes part in all of them: only the direction of the gradient is used, the length is the threshold, and the learning rate means something else than it says.",
            ["the threshold that would have bound on 10 % of these steps; the alarm gives it", "no clipping and a lower learning rate"]),
        new(StartLoss, "loss at the start is far from what it should be",
            "Before the first step the loss is more than three times, or less than half, of what is expected.",
            "A network that knows nothing should give every class the same chance: ln C for softmax, margin·(C-1) for the hinge loss. A larger loss means that it is sure of itself and wrong: its last layer begins too large, and the first steps are spent taking that back.",
            ["init: {normal: {std: 0.01}} in the last layer", "labels from 0 to C-1, all of them there"]),
        new(Symmetric, "symmetric initialisation",
            "Two units of a layer begin with the same weights.",
            "Units with the same weights give the same outputs and get the same gradients: they stay the same for ever, and a layer of a hundred of them is a layer of one. Random weights break the symmetry; biases may all be 0.",
            ["a random initialiser: the default, or init: xavier, init: he"]),
        new(SaturatedStart, "saturated at the start",
            "Before the first step more than half of a sigmoid or tanh layer's outputs are on the flat ends of the curve.",
            "The layer's inputs are too large in size for its curve: weights too large for the number of inputs (Xavier divides by its root), or data that are not normalised. No gradient gets through, and it starts nowhere.",
            ["the default initialiser (Xavier)", "data: {normalize: true}", "batchnorm before the activation"]),
        new(NonFinite, "a number is not finite",
            "The loss, the norm of the gradients, or a watched figure is NaN or infinite. The run stops with exit code 4.",
            "float32 ends at 3.4·10³⁸; what goes beyond is infinite, and ∞-∞, 0·∞, 0/0, the root or logarithm of a negative number are NaN. One NaN in a weight makes everything computed from it NaN. "
            + "The usual way there is a step that was too long, then one that was longer.",
            ["a lower learning rate, or a warm-up", "clip: {norm: 1}", "gpugrad replay BUNDLE runs the last steps again and names the first such number, on any device", "check the data for values that are not numbers"]),
        new(SignalAtStart, "signals grow or shrink through the layers",
            "Before the first step the deviation of a layer's outputs is above 100 or below 1/100 of the network's input.",
            "Each layer multiplies the signal by about √(inputs · variance of its weights), and factors multiply over the depth. He's initialiser keeps the factor at 1 behind a relu, Xavier's behind tanh.",
            ["the default initialiser", "batchnorm or layernorm"]),
        new(GradientAtStart, "gradients grow or shrink through the layers",
            "Before the first step the gradient that arrives at the first layer is above 1,000 or below 1/1,000 of the one that leaves the last.",
            "The way back multiplies factors too: weights times the derivatives of the activations. This is G003 or G004 before it happens.",
            ["relu or gelu in place of sigmoid or tanh", "the default initialiser", "batchnorm, layernorm or residual"]),
    ];

    /// <summary>The kind with an id, upper or lower case; null where there is none.</summary>
    public static AlarmKind? Find(string id) => All.FirstOrDefault(k => k.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}
