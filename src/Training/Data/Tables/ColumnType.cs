namespace GpuGrad.Training.Data.Tables;

/// <summary>Type of a table's column.</summary>
public enum ColumnType
{
    /// <summary>Numbers.</summary>
    Number,

    /// <summary>Texts or numbers that stand for categories.</summary>
    Category,

    /// <summary>True or false, yes or no, 1 or 0.</summary>
    Boolean,

    /// <summary>Dates, with or without a time.</summary>
    Date,

    /// <summary>Texts that hardly ever repeat.</summary>
    Text,
}

/// <summary>Treatment of missing values.</summary>
public enum MissingStrategy
{
    /// <summary>The mean of a number or of the parts of a date, the more frequent value of a boolean; and an additional input that flags it. For a category: a category of its own.</summary>
    Indicator,

    /// <summary>The mean of the training part.</summary>
    Mean,

    /// <summary>The median of the training part.</summary>
    Median,

    /// <summary>The most frequent value of the training part; in a tie the smallest, or first.</summary>
    MostFrequent,

    /// <summary>The value of <c>fill</c>.</summary>
    Constant,

    /// <summary>A missing value is an error.</summary>
    Refuse,
}

/// <summary>A number derived from a date.</summary>
public enum DatePart
{
    Year,

    /// <summary>1 to 12.</summary>
    Month,

    /// <summary>1 to 31.</summary>
    Day,

    /// <summary>Monday 0 to Sunday 6.</summary>
    Weekday,

    /// <summary>1 to 366.</summary>
    DayOfYear,

    /// <summary>0 to 23.</summary>
    Hour,

    /// <summary>0 to 59.</summary>
    Minute,

    /// <summary>Days, with fractions, before the latest date of the training part.</summary>
    Age,
}
